import { isSecureUrl, SECURE_URL_RULE } from "./secure-url.js";

export const LOGIN_URL_RULE = `an https URL without fragment, ${SECURE_URL_RULE}`;

/** Whether users may be sent to the login page at this URL, by LOGIN_URL_RULE. */
export const isLoginUrl = (url: string): boolean => isSecureUrl(url) && !url.includes("#");
