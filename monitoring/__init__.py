"""What operators watch Seenit with: a dashboard, rules, and how both are wired."""
