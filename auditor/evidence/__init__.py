"""Statements about a snapshot and its result that somebody signed, and packages of all that an audit rests on."""
