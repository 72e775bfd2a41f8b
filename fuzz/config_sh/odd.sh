PORT=1
A=ÿþ
B=â€®
