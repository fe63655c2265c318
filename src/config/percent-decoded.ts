/** The bytes that a part of a url stands for. A `%` without two hexadecimal digits behind it stands for itself. */
export const percentDecoded = (text: string): Buffer =>
  Buffer.concat(
    text
      .split(/((?:%[0-9a-f]{2})+)/i)
      .map((part, index) =>
        index % 2 === 1 ? Buffer.from(part.replaceAll('%', ''), 'hex') : Buffer.from(part),
      ),
  );
