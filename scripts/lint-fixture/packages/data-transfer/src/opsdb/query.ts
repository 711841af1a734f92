export type Query = string;
