export const isPostgres = (url: string): boolean => /^postgres(ql)?:/.test(url);

/** The path in `file:./relative`, `file:/absolute` or `file:///absolute`. */
export const sqlitePath = (url: string): string => url.replace(/^file:(\/\/(?=\/))?/, "");
