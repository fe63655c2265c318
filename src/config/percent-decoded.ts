/** Decodes a part of a url. A `%` without two hexadecimal digits stays as it is. */
export const percentDecoded = (text: string): Buffer =>
  Buffer.concat(
    text
      .split(/((?:%[0-9a-f]{2})+)/i)
      .map((part, index) =>
        index % 2 === 1 ? Buffer.from(part.replaceAll('%', ''), 'hex') : Buffer.from(part),
      ),
  );
