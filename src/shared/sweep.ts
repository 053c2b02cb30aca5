const PAGE = 2000;

/** Deletes page by page, so that no statement holds its locks for long; returns how many rows were deleted. */
export async function sweepAll(deletePage: (limit: number) => Promise<number>): Promise<number> {
  for (let swept = 0; ;) {
    const deleted = await deletePage(PAGE);
    swept += deleted;
    if (deleted < PAGE) return swept;
  }
}
