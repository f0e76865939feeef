from . import rogue_ways
