/** What a person can do about it, by the word with which Redis begins its refusal. */
const REMEDIES: Readonly<Record<string, string>> = {
  OOM: 'it is out of memory: raise its maxmemory, or let the workers catch up',
  LOADING: 'it is still loading its data: wait',
  MISCONF: 'it cannot write to its disk: make room there, and look into its log',
  READONLY: 'it is a replica: let REDIS_URL lead to the master, or name the Sentinels in it',
  NOREPLICAS: 'it has too few replicas for min-replicas-to-write: bring them back',
  MASTERDOWN: 'it is a replica without its master: let REDIS_URL lead to the master',
  CLUSTERDOWN: 'its cluster is incomplete: bring its nodes back',
  BUSY: 'a script holds it up: see SCRIPT KILL',
  NOAUTH: 'it wants a password: put it into REDIS_URL',
  WRONGPASS: 'it does not know this user or password: check REDIS_URL',
  NOPERM: 'its user may not do this: check the ACL of the user in REDIS_URL',
};

// Redis 6 wraps what a command said in a script.
const WORD = new RegExp(`(?:^|[\\s-])(${Object.keys(REMEDIES).join('|')})\\s`);

/** Why Redis refused a command, with the remedy; undefined when it did not, or nobody knows one. */
export function describeRefusal(error: unknown): string | undefined {
  const [, word = ''] = WORD.exec(error instanceof Error ? error.message : '') ?? [];
  return REMEDIES[word];
}
