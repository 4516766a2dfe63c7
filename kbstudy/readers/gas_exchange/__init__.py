"""Gas-exchange files of metabolic carts, recognised by their content."""

from kbstudy.readers.gas_exchange.folder import read_gas_exchange_folder
from kbstudy.readers.gas_exchange.profiles import profile_of, profile_use, write_profile
from kbstudy.readers.gas_exchange.reading import read_gas_exchange
from kbstudy.readers.gas_exchange.registry import DEVICES

__all__ = ["DEVICES", "profile_of", "profile_use", "read_gas_exchange", "read_gas_exchange_folder", "write_profile"]
