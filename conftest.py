"""The parts that all tests share."""

pytest_plugins = ["hub_kit.testing"]
