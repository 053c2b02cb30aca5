/** Whether a text can be one value of a scope (RFC 6749 §3.3). */
export const isScopeValue = (text: string): boolean => /^[!#-[\]-~]+$/.test(text);
