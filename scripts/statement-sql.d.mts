export declare function statementFiles(): Promise<Map<string, string>>;
