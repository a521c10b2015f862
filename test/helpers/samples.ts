/** What a text in the format of Prometheus says, by name and labels: `botledger_units_total{result="applied"}`. */
export function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** Those of them that are not 0 and begin like this. */
export function counted(text: string, prefix: string): Record<string, number> {
  return Object.fromEntries([...samplesOf(text)].filter(([name, value]) => name.startsWith(prefix) && value !== 0));
}
