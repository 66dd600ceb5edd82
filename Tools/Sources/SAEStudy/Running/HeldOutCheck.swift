import SAECore
import SAEStudyScans

/// Checks that a study judges on other text than it trains on, and that its two kinds of text differ.
struct HeldOutCheck {
  /// The text to train and to judge on.
  let sides: [StudyText: StudyPools]
  /// All that could be.
  let whole: [StudyText: StudyPools]
  let context: Int

  private var runLength: Int { min(TextOverlap.runLength, context) }

  /// The content to compare: as text where tokens are known, else as rows.
  private enum Content {
    case tokens([UInt32])
    case rows([UInt64])
  }

  /// Notes on texts that share something.
  ///
  /// All rows of activations in files are read, before anything is trained.
  ///
  /// - Throws: ``StudyError`` if one text is part of another; ``FileError``, and the errors of
  ///   reading files.
  func notes() throws -> [String] {
    var notes: [String] = []
    var trained: [StudyText: [Content]] = [:]
    var judged: [StudyText: [Content]] = [:]
    for (text, pools) in sides {
      trained[text] = try contents(
        whole[text]?.trainingIDs(), pools.training)
      judged[text] = try contents(pools.ids(of: pools.judging), pools.judging)
    }
    for text in StudyText.allCases {
      for arm in StudyText.allCases {
        let share = share(of: judged[text], in: trained[arm])
        guard share >= TextOverlap.notable else { continue }
        let option = text == .domain ? "--held-out" : "--held-out-broad"
        let other = arm == .domain ? "--domain" : "--broad"
        let found = "\(percent(share)) of it in \(other)"
        guard share < TextOverlap.limit else {
          throw StudyError(option, expected: "text that is not trained on", found: found)
        }
        notes.append("\(option): expected text that is not trained on, found \(found)")
      }
    }
    let there = share(of: trained[.domain], in: trained[.broad])
    let back = share(of: trained[.broad], in: trained[.domain])
    if min(there, back) >= 0.5 {
      throw StudyError(
        "--broad", expected: "other text than that of --domain",
        found: "\(percent(back)) of it there")
    }
    return notes
  }

  private func percent(_ share: Double) -> String {
    share >= 0.1 ? "\(Int((100 * share).rounded()))%" : "\((1000 * share).rounded() / 10)%"
  }

  private func contents(_ ids: [UInt32]?, _ pool: PiecePool) throws -> [Content] {
    var contents: [Content] = []
    if let ids { contents.append(.tokens(ids)) }
    if let rows = pool.rows { contents.append(.rows(try TextOverlap.rowHashes(rows))) }
    return contents
  }

  /// The larger share of tokens and rows; 0 where neither are known on both sides.
  private func share(of text: [Content]?, in other: [Content]?) -> Double {
    var shares = [0.0]
    for own in text ?? [] {
      for theirs in other ?? [] {
        switch (own, theirs) {
        case (.tokens(let ids), .tokens(let others)):
          shares.append(TextOverlap.share(of: ids, in: others, length: runLength))
        case (.rows(let rows), .rows(let others)):
          shares.append(TextOverlap.share(of: rows, in: Set(others)))
        default: break
        }
      }
    }
    return shares.max() ?? 0
  }
}
