"""Sandbox, git, trees and environment: everything that touches untrusted files."""
