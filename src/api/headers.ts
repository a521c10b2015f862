import type { Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';

// Subdomains of where botledger runs are not ours to speak for.
const strictTransportSecurity = { includeSubDomains: false };

const forbidEverything = {
  defaultSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

/** Security headers of answers that are data: a browser that is shown one does nothing with it. */
export const dataHeaders: RequestHandler = always(
  helmet({
    strictTransportSecurity,
    contentSecurityPolicy: { useDefaults: false, directives: forbidEverything },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  }),
);

/** Sets what a handler sets that looks at no request, without going through its twelve steps each time. */
function always(handler: RequestHandler): RequestHandler {
  const headers = new Map<string, string>();
  const recorder = {
    setHeader: (name: string, value: string) => headers.set(name, value),
    removeHeader: (name: string) => headers.delete(name),
  };
  handler({} as Request, recorder as unknown as Response, () => undefined);
  return (_req, res, next) => {
    res.setHeaders(headers);
    next();
  };
}

/**
 * Security headers of a page that runs nothing and loads nothing.
 *
 * @param styleHash the hash of its one style element, as in `sha256-…`
 */
export const plainPageHeaders = (styleHash: string): RequestHandler =>
  helmet({
    strictTransportSecurity,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { ...forbidEverything, formAction: ["'self'"], imgSrc: ['data:'], styleSrc: [`'${styleHash}'`] },
    },
    xFrameOptions: { action: 'deny' },
  });

/**
 * Security headers of Bull Board. Its page has style attributes and its base address in it; it would also like fonts
 * from Google, which it gets along without.
 */
export const boardHeaders: RequestHandler = helmet({
  strictTransportSecurity,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      baseUri: ["'self'"],
      fontSrc: ["'self'", 'data:'],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      imgSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
    },
  },
  xFrameOptions: { action: 'deny' },
});

/** Security headers of the API's documentation, which calls the API from its page. */
export const docsHeaders: RequestHandler = helmet({
  strictTransportSecurity,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      ...forbidEverything,
      connectSrc: ["'self'"],
      imgSrc: ['data:'],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
    },
  },
  xFrameOptions: { action: 'deny' },
});
