"""The attacks that the gate must withstand, as one table: a name, how the request is made, how it is refused."""
