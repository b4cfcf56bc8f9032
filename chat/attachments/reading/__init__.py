"""The process that reads one file: bytes in, one line of JSON out. See ADR 7.

Nothing here may import Chainlit or another part of the program, but for
`common.files.file_types` and the results: it has to start quickly, and what takes it over shall
find little.
"""
