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
        When the name or a parameter is unknown.
    """
    if name not in NETWORKS:
        raise ValueError(f"no network is called {name!r} (there are: {', '.join(NETWORKS)})")
    try:
        return NETWORKS[name](**architecture)
    except TypeError as error:
        raise ValueError(f"network {name}: {error}") from error
