"""Everything that is wrong with a config, found before training: `check.check_config`."""
