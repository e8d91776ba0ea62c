import PeerChannel

print(PeerSuite.allCases.filter(\.isBuilt).map(\.rawValue))
