"""The store on PostgreSQL: connections, the fast path of saves, the index of the search."""
