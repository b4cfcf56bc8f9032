"""The store on SQL databases: SQLite in worker threads, PostgreSQL through asyncpg."""
