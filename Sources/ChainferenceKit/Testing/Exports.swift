// A test of the market speaks of both: money and messages are the kit's, balances and faults the cluster's.
@_exported public import ChainferenceKit
@_exported public import LocalCluster
