import ArgumentParser
import Foundation
import SAEStudy
import Synchronization

/// Runs a study and prints its progress and its results.
enum StudyPrinting {
  /// Ends with the signal's exit code if one asks to stop.
  ///
  /// - Parameter command: goes on with the study.
  static func run(_ study: Study, command: String) throws {
    Interruption.listen()
    let teller = StudyTeller()
    let outcome: Study.Outcome
    do {
      outcome = try study.run { event in
        teller.tell(event)
        if let signal = Interruption.signal { throw Stop(signal: signal) }
      }
    } catch let stop as Stop {
      StandardError.write(
        "interrupted; finished work is kept in \(oneLine(study.directory)), and \(oneLine(command)) goes on with it"
      )
      throw ExitCode(Interruption.exitCode(stop.signal))
    }
    for warning in StudyReport(outcome.results, []).warnings {
      StandardError.write("warning: \(oneLine(warning))")
    }
    try emit(summary(outcome.results))
    try emit("\n\(StudyReport(outcome.results, []).plainAnswer)")
    for note in outcome.results.notes ?? [] { try emit("\nNote: \(note)") }
    try emit("\nThe report, a page for any browser: \(oneLine(outcome.report))")
  }

  /// Means over seeds, on held-out text of both kinds.
  static func summary(_ results: StudyResults) -> String {
    let groups = Dictionary(grouping: results.autoencoders) {
      Group(arm: $0.plan.arm, latents: $0.plan.latents, sparsity: $0.plan.sparsity)
    }
    let hasTruth = results.autoencoders.contains { $0.recovery != nil }
    let setting = results.configuration.architecture.aimsAtL0 ? "target L0" : "coefficient"
    var rows = [
      [
        "trained on", "latents", setting, "domain text: L0", "FVE", "broad text: L0", "FVE",
      ]
    ]
    if hasTruth { rows[0].append("domain-only found") }
    for arm in StudyArm.allCases {
      for latents in results.configuration.latents {
        for sparsity in results.configuration.sparsity {
          guard let own = groups[Group(arm: arm, latents: latents, sparsity: sparsity)] else {
            continue
          }
          func estimate(_ value: (AutoencoderResult) -> Double?, _ digits: Int) -> String {
            guard let found = SeedEstimate(own.compactMap(value)) else { return "–" }
            return fixed(found.mean, digits)
              + (found.margin.map { " ± \(fixed($0, digits))" } ?? "")
          }
          var row = [
            trainedOn(arm), "\(latents)", StudyPrinting.number(sparsity),
            estimate(\.onDomain.l0, 1),
            estimate(\.onDomain.fractionOfVarianceExplained, 3), estimate(\.onBroad.l0, 1),
            estimate(\.onBroad.fractionOfVarianceExplained, 3),
          ]
          if hasTruth {
            let found = SeedEstimate(own.compactMap { $0.recovery?.domainOnlyFound })
            row.append(found.map { "\(fixed(100 * $0.mean, 0))%" } ?? "–")
          }
          rows.append(row)
        }
      }
    }
    let seeds = results.configuration.seeds
    return """
      On held-out text\(seeds > 1 ? ", means of \(seeds) seeds and their 95% intervals" : "") \
      (L0: latents active on a token; FVE: fraction of variance explained):

      \(table(rows))
      """
  }

  private static func trainedOn(_ arm: StudyArm) -> String {
    switch arm {
    case .domain: "the domain"
    case .broad: "broad text"
    case .boosted: "broad text, boosted"
    }
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() ? fixed(value, 0) : "\(value)"
  }

  private struct Stop: Error {
    let signal: Int32
  }

  private struct Group: Hashable {
    let arm: StudyArm
    let latents: Int
    let sparsity: Double
  }
}

/// Prints a study's events on standard error.
final class StudyTeller: Sendable {
  private struct State {
    var progress: Progress?
    var subject = ""
  }

  private let state = Mutex(State())

  func tell(_ event: StudyEvent) {
    switch event {
    case .begins(let subject, let autoencoders):
      StandardError.write("\(autoencoders) autoencoders are trained and judged on \(subject)")
    case .kept(let autoencoders, let measurements):
      guard autoencoders > 0 else { return }
      StandardError.write(
        "kept from before: \(autoencoders) autoencoders, \(measurements) measurements")
    case .resuming(let names, let step):
      StandardError.write("going on after step \(step) of \(names.count) autoencoders")
    case .harvest(let name, let done, let total):
      show("harvest \(name)", done, of: total, "tokens of \(name)")
    case .training(let names, let step, let total):
      let key = names.joined(separator: " ")
      let more = names.count > 1 ? " and \(names.count - 1) more" : ""
      show(key, step, of: total, "steps of \(names.first ?? "")\(more)")
    case .measuring(let name, let done, let total):
      show("measuring", done, of: total, "measured, now \(name)")
    case .loss(let text, let done, let total):
      show("loss \(text)", done, of: total, "sequences of \(text.rawValue) text spliced")
    case .note(let text): Progress.note(text)
    case .comparing: StandardError.write("comparing dictionaries")
    case .gathering(let name): StandardError.write("gathering the latents of \(name)")
    case .judging(let name, let done, let total):
      show("judge \(name)", done, of: total, "latents of \(name) judged")
    }
  }

  private func show(_ subject: String, _ done: Int, of total: Int, _ text: String) {
    state.withLock { state in
      if state.subject != subject {
        state.subject = subject
        state.progress = Progress(total: total)
      }
      if state.progress?.isDue(done) == true { state.progress?.show(done, text) }
    }
  }
}
