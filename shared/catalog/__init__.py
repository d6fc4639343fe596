"""The catalog room: what Seenit has seen, in SQLite or MySQL; the only room that speaks SQL."""
