"""What pages show: frozen values, ready to read; templates decide nothing."""
