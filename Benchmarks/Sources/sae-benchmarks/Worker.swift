import ArgumentParser
import Foundation
import SAECore

/// Answers jobs from standard input, a JSON object a line, so that another program can alternate
/// our measurements with those of other libraries.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Answers measurement jobs from standard input (see peers/).")

  func run() throws {
    var worker = Worker()
    while let line = readLine() {
      var answer: [String: Any]
      do {
        answer = try worker.answer(JSONDecoder().decode(Job.self, from: Data(line.utf8)))
      } catch {
        answer = ["error": "\(error)"]
      }
      let data = try JSONSerialization.data(withJSONObject: answer, options: [.sortedKeys])
      FileHandle.standardOutput.write(data + Data("\n".utf8))
    }
  }
}

/// A job as the peers' driver writes it.
struct Job: Decodable, Equatable {
  var job: String
  var threads: Int?
  var m: Int?
  var n: Int?
  var k: Int?
  var variant: String?
  var width: Int?
  var latents: Int?
  var batch: Int?
  var steps: Int?
  var model: String?
  var tokens: String?
  var layer: Int?
  var sequences: Int?
  var pieces: Int?
}

/// Keeps the subject of the last job, so that only measurements follow the first.
struct Worker {
  private enum Subject {
    case none
    case gemm(GEMMSubject)
    case train(TrainSubject)
    case encode(EncodeSubject)
    case harvest(HarvestSubject)
    case tokenize(TokenizeSubject)
  }

  private var subject = Subject.none
  private var current: Job?

  mutating func answer(_ job: Job) throws -> [String: Any] {
    let threads = job.threads ?? Threads.count
    switch job.job {
    case "info":
      return ["kernels": kernelName, "threads": Threads.count]
    case "memory":
      return ["bytes": peakResidentBytes()]
    case "peak":
      return ["gflops": peakGFLOPS(threads: threads)]
    default:
      if job != current {
        subject = .none
        subject = try prepare(job)
        current = job
        _ = try Threads.withCount(threads) { try measure(job) }
      }
      return try Threads.withCount(threads) { try measure(job) }
    }
  }

  private func prepare(_ job: Job) throws -> Subject {
    switch job.job {
    case "gemm":
      return .gemm(
        GEMMSubject(m: try need(job.m, "m"), n: try need(job.n, "n"), k: try need(job.k, "k")))
    case "train":
      return .train(
        try TrainSubject(
          variant: try need(job.variant, "variant"), width: try need(job.width, "width"),
          latents: try need(job.latents, "latents"), k: try need(job.k, "k"),
          batch: try need(job.batch, "batch")))
    case "encode":
      return .encode(
        try EncodeSubject(
          width: try need(job.width, "width"), latents: try need(job.latents, "latents"),
          k: try need(job.k, "k"), batch: try need(job.batch, "batch")))
    case "harvest":
      return .harvest(
        try HarvestSubject(
          model: try need(job.model, "model"), tokens: try need(job.tokens, "tokens"),
          layer: try need(job.layer, "layer"), sequences: try need(job.sequences, "sequences"),
          pieces: try need(job.pieces, "pieces")))
    case "tokenize":
      return .tokenize(
        try TokenizeSubject(
          model: try need(job.model, "model"), tokens: try need(job.tokens, "tokens")))
    default:
      throw ValidationError(
        "job: expected gemm, train, encode, harvest, tokenize, peak, info or memory")
    }
  }

  private mutating func measure(_ job: Job) throws -> [String: Any] {
    switch subject {
    case .none: return [:]
    case .gemm(var product):
      subject = .none
      defer { subject = .gemm(product) }
      return ["seconds": product.measure(threads: job.threads ?? Threads.count)]
    case .train(var step):
      subject = .none
      defer { subject = .train(step) }
      let steps = job.steps ?? 1
      return [
        "seconds": try step.measure(steps: steps), "tokens": steps * step.batch, "l0": step.l0,
      ]
    case .encode(let encoding):
      return ["seconds": try encoding.measure(), "tokens": encoding.batch]
    case .harvest(var harvest):
      subject = .none
      defer { subject = .harvest(harvest) }
      return [
        "seconds": try harvest.measure(), "tokens": harvest.tokens,
        "mean_norm": harvest.meanNorm, "weight_bytes": harvest.weightBytes,
      ]
    case .tokenize(var texts):
      subject = .none
      defer { subject = .tokenize(texts) }
      return ["seconds": texts.measure(), "tokens": texts.tokens, "bytes": texts.bytes]
    }
  }

  private func need<Value>(_ value: Value?, _ name: String) throws -> Value {
    guard let value else { throw ValidationError("\(name): expected a value, found none") }
    return value
  }
}
