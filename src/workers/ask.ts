import type { Transferable } from 'node:worker_threads';
import type { WorkerClient } from './workerClient.js';

/** An answer that carries its kind. */
export interface Kinded {
  readonly kind: string;
}

/**
 * Sends a request whose answer is of one kind, and gives that answer its type.
 * @throws as WorkerClient.call; TypeError where the worker answers with another kind
 */
export async function ask<Request extends Kinded, Answer extends Kinded, Kind extends Answer['kind']>(
  client: WorkerClient<Request, Answer>,
  request: Request,
  kind: Kind,
  transfer: readonly Transferable[] = [],
): Promise<Extract<Answer, { readonly kind: Kind }>> {
  const answer = await client.call(request, transfer);
  if (!isOfKind(answer, kind))
    throw new TypeError(`the ${client.options.name} answered ${request.kind} with ${answer.kind}`);
  return answer;
}

function isOfKind<Answer extends Kinded, Kind extends Answer['kind']>(
  answer: Answer,
  kind: Kind,
): answer is Extract<Answer, { readonly kind: Kind }> {
  return answer.kind === kind;
}
