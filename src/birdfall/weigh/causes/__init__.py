"""Which explanation fits a wave: simulated worlds under each cause, likelihood ratios, sets that abstain, and what would decide."""
