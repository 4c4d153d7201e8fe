"""Reports of runs: Markdown, one self-contained HTML page, and tables for LaTeX and spreadsheets."""

from t5eval.reports.write import Report, write_report

__all__ = ["Report", "write_report"]
