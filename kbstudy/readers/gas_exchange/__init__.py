"""Gas-exchange files of metabolic carts, recognised by their content."""

from kbstudy.readers.gas_exchange.profiles import profile_of, write_profile
from kbstudy.readers.gas_exchange.reading import read_gas_exchange
from kbstudy.readers.gas_exchange.registry import DEVICES

__all__ = ["DEVICES", "profile_of", "read_gas_exchange", "write_profile"]
