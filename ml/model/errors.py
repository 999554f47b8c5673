"""What can be wrong with a configuration, a checkpoint or a device."""

from __future__ import annotations

from ...pointgroup.errors import InputError


class ConfigError(InputError):
    """A key or value of a configuration that is unknown or has no meaning."""


class CheckpointError(InputError):
    """A file or folder that is no checkpoint of this version, or belongs to another run."""


class DeviceError(InputError):
    """A device or precision that this machine does not have."""
