import { usePage } from './context.js';
import { Layout } from './layout.js';

/** An error. @param message in English, from the service */
export function Problem({ status, message }: { status: number; message: string }) {
  const { texts, isSignedIn } = usePage();
  const title = texts.problemTitles[status] ?? texts.problemTitle;
  return (
    <Layout title={title}>
      <div class="empty">
        <h1>{title}</h1>
        {status === 500 ? (
          <p>{texts.problemLog}</p>
        ) : (
          <p lang="en">
            <bdi>{message}</bdi>
          </p>
        )}
        <p>
          <a href={isSignedIn ? '/console' : '/console/sign-in'}>{isSignedIn ? texts.back : texts.signIn}</a>
        </p>
      </div>
    </Layout>
  );
}
