import type { Graph, Node } from './schema.js';
import { inputsOf } from './subgraph.js';

/**
 * The dominator tree of a graph's tensors as seen from one of them: tensor d dominates tensor t where every way from the root to
 * t leads through d (Cooper, Harvey and Kennedy 2001; one sweep, as ONNX lists nodes in topological order).
 */
export class Dominators {
  /** Tensor → its nearest dominator, and how many dominators it has. */
  readonly #nearest = new Map<string, { readonly parent: string; readonly depth: number }>();
  readonly root: string;

  /** @param blocked nodes that no way may lead through */
  constructor({ node: nodes }: Graph, root: string, blocked: (node: Node) => boolean) {
    this.root = root;
    this.#nearest.set(root, { parent: root, depth: 0 });
    for (const node of nodes) {
      if (blocked(node)) continue;
      const reached = inputsOf(node).filter((name) => this.reaches(name));
      if (reached.length === 0) continue;
      const parent = reached.reduce((a, b) => this.#common(a, b));
      const depth = this.#depth(parent) + 1;
      for (const name of node.output) if (name !== '') this.#nearest.set(name, { parent, depth });
    }
  }

  /** True where some way leads from the root to the tensor. */
  reaches(tensor: string): boolean {
    return this.#nearest.has(tensor);
  }

  /** The last tensor that dominates both (each dominates itself); undefined where one of them is not reached. */
  common(a: string, b: string): string | undefined {
    return this.reaches(a) && this.reaches(b) ? this.#common(a, b) : undefined;
  }

  #common(a: string, b: string): string {
    while (a !== b) {
      if (this.#depth(a) >= this.#depth(b)) a = this.#nearest.get(a)?.parent ?? this.root;
      else b = this.#nearest.get(b)?.parent ?? this.root;
    }
    return a;
  }

  #depth(tensor: string): number {
    return this.#nearest.get(tensor)?.depth ?? 0;
  }
}
