"""Reports of runs: Markdown, one self-contained HTML page, and tables for LaTeX and spreadsheets."""
