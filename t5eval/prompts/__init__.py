"""How a task is asked: in which of its prompts, after which shots, as one text or as turns of a chat.

In: tasks, and what a user asks for. Out: the tasks as they are asked, what a model is sent, and a record of both.
May import: predictors, data, support.
"""
