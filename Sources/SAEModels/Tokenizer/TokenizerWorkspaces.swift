import Synchronization

/// The memory of one thread that takes texts apart.
struct TokenizerWorkspace: Sendable {
  var matcher = PatternMatcher()
  var encoder = BytePairEncoder()
}

/// Workspaces that are not in use. What they remember of earlier texts makes them faster and changes no
/// result.
final class TokenizerWorkspaces: Sendable {
  private let free = Mutex<[TokenizerWorkspace]>([])

  func use(_ body: (inout TokenizerWorkspace) -> Void) {
    var workspace = free.withLock { $0.popLast() } ?? TokenizerWorkspace()
    body(&workspace)
    free.withLock { [workspace] in $0.append(workspace) }
  }
}
