import type { ExpectedError } from '../errors.js';

/** The client of a worker that hosts sessions of ONNX Runtime: it frees them when it is told to `close`. */
export interface CrewMember {
  readonly ended: ExpectedError | undefined;
  call(request: { readonly kind: 'close' }): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Has every worker load, side by side, and waits for all of them.
 * @param load has one worker load
 * @returns what each has loaded, in the order of the workers
 * @throws the error of the first worker that failed, or that ended after it had loaded; all of them are closed by then
 */
export async function loadCrew<Member extends CrewMember, Loaded>(
  members: readonly Member[],
  load: (member: Member) => Promise<Loaded>,
): Promise<Loaded[]> {
  // All of them: a thread that is ended while another call of it is inside ONNX Runtime takes the whole process with it.
  const outcomes = await Promise.allSettled(members.map(load));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  const error = failed ? (failed.reason as Error) : members.find(({ ended }) => ended)?.ended;
  if (error === undefined)
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  await closeCrew(members);
  throw error;
}

/** Lets every worker finish what it was sent and free its sessions, and ends the threads. */
export async function closeCrew(members: readonly CrewMember[]): Promise<void> {
  // Requests are served in order: this waits for what is in work, as a session must not be torn away from its thread.
  await Promise.allSettled(members.map((member) => member.call({ kind: 'close' })));
  await Promise.all(members.map((member) => member.close()));
}
