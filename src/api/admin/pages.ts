import { hash } from 'node:crypto';

const style = `
  :root { color-scheme: light dark; --line: light-dark(#c9d1db, #3a4452); --dim: light-dark(#556070, #9aa6b5); }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1rem/1.5 system-ui, sans-serif;
    background: light-dark(#f3f5f8, #151a21); color: light-dark(#1b2430, #e6ebf2); }
  main { box-sizing: border-box; width: min(22rem, 100vw - 2rem); padding: 2rem; border: 1px solid var(--line);
    border-radius: .75rem; background: light-dark(#fff, #1d242e); }
  h1 { margin: 0; font-size: 1.25rem; }
  p { margin: .25rem 0 1.5rem; color: var(--dim); }
  [role=alert] { padding: .5rem .75rem; border-radius: .375rem; background: light-dark(#fdeceb, #4a1f1d);
    color: light-dark(#8c1d18, #ffb4ab); }
  label { display: block; margin-bottom: 1rem; font-weight: 600; }
  input { box-sizing: border-box; width: 100%; margin-top: .25rem; padding: .5rem .75rem; border: 1px solid var(--line);
    border-radius: .375rem; background: transparent; color: inherit; font: inherit; }
  button { width: 100%; padding: .625rem; border: 0; border-radius: .375rem; background: #1f5fbf; color: #fff;
    font: inherit; font-weight: 600; cursor: pointer; }
  button:hover { background: #1a52a6; }
  :focus-visible { outline: 3px solid #7aa7e8; outline-offset: 1px; }
`;

/** For the Content-Security-Policy: the one style that these pages have. */
export const styleHash = `sha256-${hash('sha256', style, 'base64')}`;

/** The form to log in. */
export const loginPage = (problem?: string) =>
  page(
    'Log in',
    `<p>Log in to see the queues.</p>
    ${problem ? `<p role="alert">${problem}</p>` : ''}
    <form method="post" action="/admin/login">
      <label>User name
        <input name="user" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
      </label>
      <label>Password
        <input name="password" type="password" autocomplete="current-password" required>
      </label>
      <button>Log in</button>
    </form>`,
  );

/** The form to log out: a link alone must not change anything. */
export const logoutPage = () =>
  page(
    'Log out',
    `<p>You will need the password to come back.</p>
    <form method="post" action="/admin/logout"><button>Log out</button></form>`,
  );

/** @param body HTML; nothing in these pages comes from outside, so nothing is escaped */
const page = (title: string, body: string) => `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="robots" content="noindex">
  <title>${title} · botledger</title>
  <link rel="icon" href="data:,">
  <style>${style}</style>
</head>
<body>
  <main>
    <h1>botledger</h1>
    ${body}
  </main>
</body>
</html>
`;
