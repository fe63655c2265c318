export declare function generatedDocs(document: unknown): Promise<Map<string, string>>;
