A='one two' # tail
B="a \"b\" \\ c"
C=a\ b
D='it'"'"'s'
