"""What imports share: rows on their way into any `Store`, through its contract."""
