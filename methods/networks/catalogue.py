"""The networks by name, as weight files name them."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from inpaintbench.methods.networks.autoencoder import AutoencoderNetwork
from inpaintbench.methods.networks.context_encoder import ContextEncoderNetwork
from inpaintbench.methods.networks.deepfill import DeepFillNetwork
from inpaintbench.methods.networks.variational import VariationalNetwork

NETWORKS: Mapping[str, type[nn.Module]] = {
    "autoencoder": AutoencoderNetwork,
    "vae": VariationalNetwork,
    "context-encoder": ContextEncoderNetwork,
    "deepfill": DeepFillNetwork,
}


def build(name: str, architecture: Mapping[str, int]) -> nn.Module:
    """Make a network from its name and the parameters of its architecture.

    Raises
    ------
    ValueError
        When a parameter is unknown.
    """
    try:
        return NETWORKS[name](**architecture)
    except TypeError as error:
        raise ValueError(f"network {name}: {error}") from error
