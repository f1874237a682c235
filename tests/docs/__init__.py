"""The reference: pages made of the package's docstrings and of the command line's own help.

    python -m tests.docs                 writes .cache/docs/html

public      what is public, and on which page it stands
pages       the sources of the pages
columns     the columns of every table: dtype, unit, range, meaning
setting     what the examples of the docstrings begin with
conf        Sphinx's settings
"""
