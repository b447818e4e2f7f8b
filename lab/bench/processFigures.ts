import { readdirSync, readFileSync } from 'node:fs';

/** User and system time of a process and of all its threads so far, milliseconds. */
export function cpuMilliseconds(pid: number): number {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) => {
    try {
      return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      return 0; // has ended meanwhile
    }
  });
  return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e6;
}

export function residentMegabytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** The process that a supervisor watches. */
export function childOf(pid: number): number {
  const child = readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' '))
    .find((id) => id !== '');
  if (child === undefined) throw new Error(`process ${pid} has no child`);
  return Number(child);
}
