"""The account page: HTML for people, on the same service and rules as every other face.

cookie -> session (visitor) -> Principal -> auth.rules -> the service -> a page. Every save is a form that works
without a script; the scripts only show earlier what saving would say.
"""
