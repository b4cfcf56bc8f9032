"""The store on SQL databases: SQLite through aiosqlite (PostgreSQL through asyncpg to come)."""
