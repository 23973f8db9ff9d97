"""What is kept: last runs, Records, their provenance, and the leaderboard folded from them."""
