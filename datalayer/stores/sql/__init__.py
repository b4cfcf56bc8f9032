"""What the stores on SQL databases share: tables, reads, writes."""
