"""How the suite's files look: one module per benchmark, each with the tasks that `fill` fills."""
