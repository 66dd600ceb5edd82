import Foundation
import SAECore

/// Gemma-2 in plain loops in double precision, one token and head at a time.
struct PlainGemma2 {
  let sizes: RandomCheckpoint.Sizes
  var weights: [String: [Double]] = [:]
  let epsilon = 1e-5

  init(_ checkpoint: RandomCheckpoint) throws {
    sizes = checkpoint.sizes
    let names = try FileManager.default.contentsOfDirectory(atPath: checkpoint.directory)
    for name in names where name.hasSuffix(".safetensors") {
      for tensor in try SafetensorsFile(checkpoint.file(name)).tensors {
        weights[tensor.name] = tensor.doubles()
      }
    }
  }

  /// The residual stream before each layer and behind the last: layers + 1 lists of rows.
  func streams(_ tokens: [UInt32]) -> [[[Double]]] {
    let embedding = weights["model.embed_tokens.weight"] ?? []
    let scale = Double(sizes.width).squareRoot()
    var x = tokens.map { token in
      (0..<sizes.width).map { embedding[Int(token) * sizes.width + $0] * scale }
    }
    var streams = [x]
    for layer in 0..<sizes.layers {
      let prefix = "model.layers.\(layer)."
      let heads = attend(x.map { norm($0, prefix + "input_layernorm.weight") }, layer)
      for t in x.indices {
        let update = multiply(heads[t], prefix + "self_attn.o_proj.weight")
        x[t] = add(x[t], norm(update, prefix + "post_attention_layernorm.weight"))
        let inner = norm(x[t], prefix + "pre_feedforward_layernorm.weight")
        let gate = multiply(inner, prefix + "mlp.gate_proj.weight")
        let up = multiply(inner, prefix + "mlp.up_proj.weight")
        let hidden = zip(gate, up).map { gelu($0) * $1 }
        let down = multiply(hidden, prefix + "mlp.down_proj.weight")
        x[t] = add(x[t], norm(down, prefix + "post_feedforward_layernorm.weight"))
      }
      streams.append(x)
    }
    return streams
  }

  func logits(_ stream: [[Double]]) -> [[Double]] {
    stream.map { row in
      multiply(norm(row, "model.norm.weight"), "model.embed_tokens.weight").map {
        capped($0, sizes.finalCap)
      }
    }
  }

  private func attend(_ x: [[Double]], _ layer: Int) -> [[Double]] {
    let prefix = "model.layers.\(layer).self_attn."
    let d = sizes.headDimension
    let q = x.map { multiply($0, prefix + "q_proj.weight") }
    let k = x.map { multiply($0, prefix + "k_proj.weight") }
    let v = x.map { multiply($0, prefix + "v_proj.weight") }
    return x.indices.map { t in
      (0..<sizes.queryHeads).flatMap { head in
        let shared = head / (sizes.queryHeads / sizes.keyValueHeads)
        let query = rotate(Array(q[t][head * d..<(head + 1) * d]), t)
        // Even layers slide.
        let first = layer % 2 == 0 ? max(0, t - sizes.window + 1) : 0
        let scores = (first...t).map { s in
          let key = rotate(Array(k[s][shared * d..<(shared + 1) * d]), s)
          let score =
            zip(query, key).reduce(0) { $0 + $1.0 * $1.1 } / sizes.queryScalar.squareRoot()
          return exp(capped(score, sizes.attentionCap))
        }
        let total = scores.reduce(0, +)
        return (0..<d).map { i in
          (first...t).reduce(0) { $0 + scores[$1 - first] / total * v[$1][shared * d + i] }
        }
      }
    }
  }

  private func rotate(_ x: [Double], _ position: Int) -> [Double] {
    let half = x.count / 2
    return x.indices.map { i in
      let angle = Double(position) * pow(sizes.theta, -2 * Double(i % half) / Double(x.count))
      return i < half
        ? x[i] * cos(angle) - x[i + half] * sin(angle)
        : x[i] * cos(angle) + x[i - half] * sin(angle)
    }
  }

  private func norm(_ x: [Double], _ name: String) -> [Double] {
    let weight = weights[name] ?? []
    let root = (x.reduce(0) { $0 + $1 * $1 } / Double(x.count) + epsilon).squareRoot()
    return zip(x, weight).map { $0 / root * (1 + $1) }
  }

  private func multiply(_ x: [Double], _ name: String) -> [Double] {
    let matrix = weights[name] ?? []
    return (0..<matrix.count / x.count).map { row in
      x.indices.reduce(0) { $0 + x[$1] * matrix[row * x.count + $1] }
    }
  }

  private func capped(_ x: Double, _ cap: Double?) -> Double {
    cap.map { $0 * tanh(x / $0) } ?? x
  }

  private func gelu(_ x: Double) -> Double {
    0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  private func add(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 + $1 } }
}
