"""A proposer without a model: source rewrites, `//! tune:` constants and launch geometry."""

from agent_steel.offline.proposer import OfflineProposer

__all__ = ["OfflineProposer"]
