"""The path of one call, in process, without HTTP."""
