"""What a search came to, as files that need no network: report.html and convergence.png."""
