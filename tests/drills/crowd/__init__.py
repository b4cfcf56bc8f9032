"""People who go on asking whatever goes away, and what they were shown beside what is stored."""
